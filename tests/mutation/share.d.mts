import type { Mutant } from "./scores";

export function keyOf(mutant: Omit<Mutant, "status">): string;
export function isInShare(key: string, percent: number): boolean;
