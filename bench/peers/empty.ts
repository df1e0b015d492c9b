await Deno.stdin.read(new Uint8Array(1));
