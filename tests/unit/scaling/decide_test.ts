import { checks } from "./cases.ts";
import { NOW } from "./fixtures.ts";

checks("Triggers", [
  {
    name: "does nothing where no policy recommends a change",
    trigger: {
      kind: "notification",
      alarm: { fleet: "kas", kind: "cpuhigh", dimension: "n1", from: "ALARM", to: "OK", at: NOW },
    },
    expected: { none: "" },
  },
  {
    name: "does nothing for a message that is not an alarm",
    trigger: { kind: "notification" },
    expected: { none: "" },
  },
]);
