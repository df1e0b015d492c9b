/**
 * The second thousand of the histories of `histories_test.ts`.
 *
 * @module
 */
import { slow, testWith } from "../support/needs.ts";
import { hold } from "./histories/hold.ts";

testWith([slow()], "I1–I8 hold in a thousand histories more", () => hold(1_000));
