/** `npm run screenshots`: makes the pictures of docs/screenshots, in a real browser, which must be installed already. */
import { runWithChromium } from "../support/chromium";

void runWithChromium("The screenshots", "tests/screenshots");
