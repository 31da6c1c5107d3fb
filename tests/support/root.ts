/** The project's folder, for tests that read its files or start its programs. */
import path from "node:path";

export const ROOT = path.join(__dirname, "..", "..");
