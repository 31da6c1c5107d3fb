/**
 * The part of the Amazon States Language that our definitions use, and the paths through a definition.
 * Source: the Amazon States Language specification.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "./root";

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: "FULL";
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string;
  readonly Next: string;
}

/** Where a state leads: to another one, or to the end of its machine. */
interface Onward {
  readonly Comment?: string;
  readonly Next?: string;
  readonly End?: true;
  /** Where the result goes; it replaces the state's input if this is missing. */
  readonly ResultPath?: string;
}

export interface TaskState extends Onward {
  readonly Type: "Task";
  readonly Resource: string;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  /** Makes the result, of which it has parts. */
  readonly ResultSelector?: Readonly<Record<string, unknown>>;
  readonly TimeoutSeconds: number;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
}

export interface MapState extends Onward {
  readonly Type: "Map";
  readonly ItemsPath: string;
  readonly ItemSelector?: Readonly<Record<string, unknown>>;
  readonly MaxConcurrency: number;
  readonly ItemProcessor: Machine & { readonly ProcessorConfig: { readonly Mode: "INLINE" } };
}

export interface PassState extends Onward {
  readonly Type: "Pass";
  readonly Parameters?: Readonly<Record<string, unknown>>;
}

export interface ChoiceState {
  readonly Type: "Choice";
  readonly Comment?: string;
  readonly Choices: readonly {
    readonly Variable: string;
    readonly StringEquals: string;
    readonly Next: string;
  }[];
  readonly Default: string;
}

export type StateDefinition =
  | TaskState
  | MapState
  | PassState
  | ChoiceState
  | { readonly Type: "Succeed" }
  | { readonly Type: "Fail"; readonly Error: string; readonly Cause: string };

export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, StateDefinition>>;
}

export interface Definition extends Machine {
  readonly Comment?: string;
  readonly TimeoutSeconds?: number;
}

export const machineNames = ["intake", "backfill"] as const;
export type MachineName = (typeof machineNames)[number];

export function readDefinition(name: MachineName): Definition {
  return JSON.parse(readFileSync(path.join(ROOT, `state-machines/${name}.asl.json`), "utf8")) as Definition;
}

export type NamedState<State extends StateDefinition = StateDefinition> = State & { readonly name: string };

/** All states, those inside of a Map as well. */
export function allStates({ States: states }: Machine): NamedState[] {
  return Object.entries(states).flatMap(([name, state]) => [
    { name, ...state },
    ...(state.Type === "Map" ? allStates(state.ItemProcessor) : []),
  ]);
}

export function taskStates(machine: Machine): NamedState<TaskState>[] {
  return allStates(machine).flatMap((state) => (state.Type === "Task" ? [state] : []));
}

/** The resource's name: `IntakeLoad` for `${IntakeLoad}`. */
export function resourceOf({ Resource: resource }: TaskState): string {
  return /^\$\{(\w+)\}$/.exec(resource)?.[1] ?? "";
}

/** Every way on from a state, as {@link execute} reports it: each choice, each error of each retrier and catcher. */
export function allPaths(machine: Machine): string[] {
  return allStates(machine).flatMap((state) => {
    switch (state.Type) {
      case "Task":
        return [
          onward(state.name, state),
          ...(state.Retry ?? []).flatMap(({ ErrorEquals }) =>
            ErrorEquals.map((error) => retryPath(state.name, error)),
          ),
          ...(state.Catch ?? []).flatMap(({ ErrorEquals }) =>
            ErrorEquals.map((error) => catchPath(state.name, error)),
          ),
        ];
      case "Map":
      case "Pass":
        return [onward(state.name, state)];
      case "Choice":
        return [...state.Choices.map(({ Next }) => Next), state.Default].map(
          (next) => `${state.name} → ${next}`,
        );
      case "Succeed":
      case "Fail":
        return [];
    }
  });
}

export function onward(name: string, { Next: next }: Onward): string {
  return `${name} → ${next ?? "end"}`;
}

export function retryPath(name: string, error: string): string {
  return `${name} tries again after ${error}`;
}

export function catchPath(name: string, error: string): string {
  return `${name} is caught after ${error}`;
}
