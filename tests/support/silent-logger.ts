/** For clients of the SDK whose requests fail on purpose: it warns of each refused stream. */
const silence = (): void => undefined;

export const silentLogger = { debug: silence, info: silence, warn: silence, error: silence };
