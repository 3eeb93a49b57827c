/**
 * What one part of the program says of its section of the configuration. The whole configuration, its printed defaults, its
 * checks and the list of keys that need a restart are put together from these, so that a key is known in one place.
 */
import type { z } from 'zod';
import type { Endpoint } from '../net/endpoint.js';
import type { Finding } from './examine.js';
import type { ConfigPath } from './yaml-source.js';

export type DeepReadonly<T> = T extends string | number | boolean
  ? T // branded ones too
  : T extends (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

export type Report = (path: ConfigPath, message: string) => void;

/** A socket that the configuration opens. */
export interface ConfiguredSocket extends Endpoint {
  readonly path: ConfigPath;
  /** `https` and `http` are TCP; DNS has one socket of each. */
  readonly protocol: 'udp' | 'tcp';
}

/** A place where the configuration names a sub-domain by its id. */
export interface SubdomainReference {
  readonly id: string;
  readonly path: ConfigPath;
}

/** @typeParam Whole the sections that its checks look at, its own among them */
export interface ConfigPart<Key extends string, Schema extends z.ZodType, Whole> {
  /** The section's name in the file. */
  readonly key: Key;
  /** With `.prefault({})` where the section may be left out, `.optional()` where that switches the part off. */
  readonly schema: Schema;
  /** The section as `print-config` shows it: YAML with every key, its default and a comment. */
  readonly text: string;
  /**
   * Keys within the section that a reload puts in force; `whole` for a section that is a list. Every other key needs a restart
   * and is named when it changes.
   */
  readonly live: readonly string[] | 'whole';
  /** Rules between keys. All of them run, so that the error lists every problem. */
  readonly checks?: readonly ((config: Whole, report: Report) => void)[] | undefined;
  /** What is allowed but seldom meant: `path: what is odd, and what to do if it is not meant`. */
  readonly advice?: readonly ((config: Whole) => readonly string[])[] | undefined;
  /** For `check-config`: what would keep the part from starting although every value is right. Imports what it needs. */
  readonly examine?: ((config: Whole) => Promise<readonly Finding[]>) | undefined;
  /** The sockets that the part opens, so that no two parts open the same one. */
  readonly sockets?: ((config: Whole) => readonly ConfiguredSocket[]) | undefined;
  /** Where it names sub-domains: each must be in the address plan. */
  readonly subdomains?: ((config: Whole) => readonly SubdomainReference[]) | undefined;
}

/** Says the types of a part from its values. */
export function configPart<Key extends string, Schema extends z.ZodType, Whole = unknown>(
  part: ConfigPart<Key, Schema, Whole>,
): ConfigPart<Key, Schema, Whole> {
  return part;
}
