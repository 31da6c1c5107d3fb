/** What the command line adds to the flags. */
import os from "node:os";

import { inputFrom, signed } from "../../../cli/options";

afterEach(() => jest.restoreAllMocks());

it("a reason has a person: the one that the flags name, or this login", () => {
  const reason = "late loans";
  expect(signed({ reason })).toEqual({ reason, by: os.userInfo().username });
  expect(signed({ reason, by: "a.person" })).toEqual({ reason, by: "a.person" });
  expect(signed({ month: "2026-09" })).toEqual({ month: "2026-09" });
});

it("a login without a name, as in some containers, has its number", () => {
  jest.spyOn(os, "userInfo").mockImplementation(() => {
    throw new Error("uv_os_get_passwd returned ENOENT");
  });
  expect(signed({ reason: "late loans" })).toMatchObject({ by: `user ${String(process.getuid?.())}` });
});

it("the input of a pipeline has no flag about printing", () => {
  expect(inputFrom({ month: "2026-09", json: true })).toEqual({ month: "2026-09" });
});
