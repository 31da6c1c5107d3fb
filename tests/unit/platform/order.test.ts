/** In which order a file's records may come. */
import { type Order, RecordOrder } from "../../../src/platform/format/order";

/** The first records that fit, and whether the file may end behind them. */
function follow<Type extends string>(order: Order<Type>, types: readonly Type[]): string {
  const records = new RecordOrder(order);
  let place = 0;
  let fitting = "";
  for (const type of types) {
    const next = records.next(place, type);
    if (next === undefined) return `${fitting} not ${type}`;
    [place, fitting] = [next, fitting + type];
  }
  return records.mayEndAt(place) ? fitting : `${fitting} …`;
}

const FILE: Order<"H" | "B" | "D" | "A" | "E" | "T" | "F"> = [
  "H",
  { many: ["B", { many: [{ oneOf: ["D", "E"] }, { optional: "A" }] }, "T"] },
  "T",
  { many: "F" },
];

it.each([
  [["H", { many: "D" }, "T"], "HDDT", "HDDT"],
  [["H", { many: "D" }, "T"], "HT", "HT"],
  [["H", { many: "D" }, "T"], "HD", "HD …"],
  [["H", { many: "D" }, "T"], "H", "H …"],
  [["H", { many: "D" }, "T"], "D", " not D"],
  [["H", { many: "D" }, "T"], "HHT", "H not H"],
  [["H", { many: "D" }, "T"], "HTD", "HT not D"],
  [["H", { optional: "D" }], "HDD", "HD not D"],
  [["H", { optional: "D" }], "H", "H"],
  [["H", { many: ["D", { many: "A" }] }], "HDADAA", "HDADAA"],
  [["H", { many: ["D", { many: "A" }] }], "HA", "H not A"],
  [["H", { oneOf: ["D", { many: "A" }] }, "T"], "HT", "HT"],
  [["H", { oneOf: ["D", "A"] }, "T"], "HT", "H not T"],
  [["H", { many: [{ optional: "A" }, { optional: "D" }] }, "T"], "HDADT", "HDADT"],
  [["H", [{ optional: "A" }, { optional: "D" }], "T"], "HT", "HT"],
  [["H", [{ optional: "A" }, "D"], "T"], "HDT", "HDT"],
  [["H", [{ optional: "A" }, "D"], "T"], "HT", "H not T"],
  [["H", ["D", { optional: "A" }], "T"], "HT", "H not T"],
] as const)("the order %j of %s is followed: %s", (order, types, expected) => {
  expect(follow<string>(order as Order<string>, types.split(""))).toBe(expected);
});

it("parts may be in parts, and records of one type at several places", () => {
  const ofOneBatch = ["B", "D", "A", "E", "E", "A", "T"] as const;
  expect(follow(FILE, ["H", ...ofOneBatch, ...ofOneBatch, "T", "F", "F"])).toBe("HBDAEEATBDAEEATTFF");
  expect(follow(FILE, ["H", "B", "D", "A", "A"])).toBe("HBDA not A");
  expect(follow(FILE, ["H", "B", "T", "D"])).toBe("HBT not D");
});

it("no record may come, and no file may end, at a place that the order doesn't have", () => {
  const order = new RecordOrder<string>("H");
  expect([order.next(2, "H"), order.expectedAt(2), order.mayEndAt(2)]).toEqual([undefined, [], false]);
});

it("says which types may come, which is first, and which makes a file complete", () => {
  const order = new RecordOrder(FILE);
  expect([order.first, order.end]).toEqual(["H", "T"]);
  expect(order.expectedAt(order.placeOf("H"))).toEqual(["B", "T"]);
  expect(order.expectedAt(order.placeOf("D"))).toEqual(["A", "D", "E", "T"]);
});

it.each<[Order<string>, string]>([
  [["H", { many: "D" }, { optional: "D" }], "the order doesn't say which of its parts a record D belongs to"],
  [["H", { many: ["D", { optional: "D" }] }], "the order doesn't say which of its parts a record D"],
  [{ oneOf: ["H", "D"] }, "a file must begin with a record of one type"],
  [[{ optional: "D" }, "H"], "a file must begin with a record of one type"],
  [{ many: "D" }, "a file must begin with a record of one type"],
  [{ oneOf: [] }, "a file must begin with a record of one type"],
])("an order is refused that leaves a record's place open: %j", (order, message) => {
  expect(() => new RecordOrder(order)).toThrow(message);
});
