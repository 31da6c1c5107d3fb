import { arrivalId, arrivalOf, keyIn, mediaTypeOf, parseKey } from "../../../src/intake/arrival";

const id = "0123456789abcdef0123456789abcdef";

describe("the keys of an arrival", () => {
  const arrival = { id, key: "landing/FirstNational/loans_20260930T220000Z.dat.gz" };

  it("have the same name in every area", () => {
    expect(keyIn("raw", arrival)).toBe(`raw/FirstNational/loans_20260930T220000Z.${id}.dat.gz`);
    expect(keyIn("archive", arrival, "report.json")).toBe(
      `archive/FirstNational/loans_20260930T220000Z.${id}.report.json`,
    );
    expect(keyIn("stage", arrival, "parquet")).toBe(
      `stage/FirstNational/loans_20260930T220000Z.${id}.parquet`,
    );
  });

  it("of a file with a wrong name are in a folder that no bank can have", () => {
    const wrong = { id, key: "landing/FirstNational/../../secret.dat" };
    expect(keyIn("raw", wrong)).toBe(`raw/_unnamed/${id}.bin`);
    expect(keyIn("error", wrong, "report.json")).toBe(`error/_unnamed/${id}.report.json`);
  });

  it.each([
    arrival,
    { id, key: "landing/CréditDÉté/clients_20240229T235959Z.dat" },
    { id, key: "landing/B/new_loans_20240229T235959Z.dat" },
    { id, key: "landing/Ferrorento/loans_20240229T235959Z.dat" },
  ])("lead back to the arrival: $key", (each) => {
    expect(arrivalOf(keyIn("raw", each))).toEqual(each);
    expect(arrivalOf(keyIn("error", each))).toEqual(each);
  });

  it("of a file with a wrong name lead back to its id", () => {
    const unnamed = `error/_unnamed/${id}.bin`;
    expect(arrivalOf(unnamed).id).toBe(id);
    expect(keyIn("error", arrivalOf(unnamed))).toBe(unnamed);
  });

  it.each([
    `archive/FirstNational/loans_20260930T220000Z.${id}.dat`,
    `raw/FirstNational/loans_20260930T220000Z.dat`,
    `raw/FirstNational/loans_20260930T220000Z.${id}.report.json`,
    `raw/FirstNational/loans_20260931T220000Z.${id}.dat`,
    `raw/FirstNational/loans_20260930T220000Z.${id}.bin`,
    `landing/FirstNational/loans_20260930T220000Z.dat`,
    `old/raw/FirstNational/loans_20260930T220000Z.${id}.dat`,
    `raw/FirstNational/loans_20260930T220000Z.${id}.dat.old`,
    `raw/FirstNational/${id}.dat`,
    "raw/_unnamed/.",
    "raw/_unnamed/.bin",
    "",
  ])("are refused if they are not of a file that can be taken again: %p", (key) => {
    const refused = {
      name: "RequestError",
      message: `${JSON.stringify(key)} is not the key of a delivery in raw/ or error/`,
      hint: expect.stringContaining("raw/FirstNational/loans_20260930T220000Z.<id>.dat") as string,
    };
    expect(() => arrivalOf(key)).toThrow(expect.objectContaining(refused) as Error);
  });

  it.each(["dat", "dat.gz", "report.json"])("say what was delivered: a key that ends in %s", (extension) => {
    expect(parseKey(`archive/FirstNational/new_loans_20260930T220000Z.${id}.${extension}`)).toMatchObject({
      ...{ bank: "FirstNational", feed: "new_loans", businessTime: "2026-09-30T22:00:00Z", id, extension },
    });
  });

  it.each([
    `raw/FirstNational/loans_20260930T220000Z.${id}.result.json`,
    `error/FirstNational/loans_20260930T220000Z.${id}.rejects.csv`,
    `stage/FirstNational/loans_20260930T220000Z.${id}.parquet`,
    `archive/FirstNational/loans_20260930T220000Z.${id}.report.json.old`,
    `archive/FirstNational/loans_20260930T220000Z.${id.slice(1)}.report.json`,
    `archive/FirstNational/loans_20260930T220000Z.report.json`,
    `archive/FirstNational/loans_20260931T220000Z.${id}.report.json`,
    `archive/First National/loans_20260930T220000Z.${id}.report.json`,
    `old/archive/FirstNational/loans_20260930T220000Z.${id}.report.json`,
    `archive/old/FirstNational/loans_20260930T220000Z.${id}.report.json`,
    `error/_unnamed/${id}.report.json`,
    "",
  ])("of anything else than a file or its report say nothing: %p", (key) => {
    expect(parseKey(key)).toBeUndefined();
  });
});

describe("the id of an arrival", () => {
  it("is the same for the same source and another for any other", () => {
    expect(arrivalId("b", "k", "v")).toBe(arrivalId("b", "k", "v"));
    const others = [arrivalId("b", "k", "w"), arrivalId("b", "l", "v"), arrivalId("bk", "", "v")];
    expect(new Set([arrivalId("b", "k", "v"), ...others]).size).toBe(4);
    expect(arrivalId("b", "k", "v")).toMatch(/^[0-9a-f]{32}$/);
  });
});

it.each([
  ["text/plain; charset=utf-8", "raw/B/loans_20260930T220000Z.dat"],
  ["application/gzip", "raw/B/loans_20260930T220000Z.dat.gz"],
  ["application/octet-stream", "raw/_unnamed/1.bin"],
  ["application/octet-stream", "raw/.dat/1.bin"],
])("the media type %s is that of %s", (mediaType, key) => {
  expect(mediaTypeOf(key)).toBe(mediaType);
});
