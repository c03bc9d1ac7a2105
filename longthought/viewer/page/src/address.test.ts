import { expect, test } from "vitest";
import { type Address, format, parse } from "./address";

test("an address survives the way to a colleague", () => {
  const address: Address = {
    view: "debate",
    run: "a/b",
    debate: "p#1 ü",
    node: "4",
    filter: { q: "wait & see", outcome: "failed" },
  };
  expect(parse(format(address).slice(1))).toEqual(address);
});

test("nonsense in an address is left out", () => {
  expect(parse("?view=nowhere&node=&x=1&f.q=")).toEqual({ view: "debates", filter: {} });
  expect(format({ view: "debates", filter: {} })).toBe("/");
});
