/** Runs the tests of the report and the diagrams in a real browser, which must be installed already. */
import { runWithChromium } from "../support/chromium";

void runWithChromium("The tests in a browser", "tests/browser");
