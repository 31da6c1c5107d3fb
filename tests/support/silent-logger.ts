/** For SDK clients whose requests fail on purpose: the SDK warns about each refused stream. */
const silence = (): void => undefined;

export const silentLogger = { debug: silence, info: silence, warn: silence, error: silence };
