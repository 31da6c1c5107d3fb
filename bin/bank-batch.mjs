#!/usr/bin/env node
// Runs the command line from a clone without a build: tsx loads the TypeScript.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
try {
  // Only for `require`: the part for `import` takes longer to start, and cli/main.ts starts it if a command needs it.
  require("tsx/cjs");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  process.stderr.write("ConfigError: the project's packages are not installed\nTry:   npm ci\n");
  process.exit(64);
}

// On Node.js 20 every client would print a long warning about future versions of the SDK, which package.json pins.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
require("../cli/main.ts");
