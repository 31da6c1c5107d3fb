import { objectOf } from "../../../src/intake/start";

const event = (object: object) =>
  JSON.stringify({ "detail-type": "Object Created", detail: { bucket: { name: "landing" }, object } });

describe("a message of the queue", () => {
  it("names the object and its version", () => {
    const body = event({ key: "landing/A b/ü.dat", size: 3, "version-id": "v1", sequencer: "1" });
    expect(objectOf(body)).toEqual({ bucket: "landing", key: "landing/A b/ü.dat", versionId: "v1" });
  });

  it.each([
    ["no JSON", "no JSON", "not an event", "Find out what else writes to the queue"],
    [
      "another event",
      JSON.stringify({ "detail-type": "Object Deleted", detail: {} }),
      ...["not an event", "remove the message from the dead-letter queue"],
    ],
    [
      "an object without a version",
      event({ key: "a" }),
      ...["s3://landing/a has no version", "Turn on versioning for the landing bucket"],
    ],
  ])("is refused if it is %s", (_, body, message, hint) => {
    expect(() => objectOf(body)).toThrow(
      expect.objectContaining({
        name: "RequestError",
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining(hint) as string,
      }) as Error,
    );
  });
});
