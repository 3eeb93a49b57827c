/** Parses numbers of the command line. */
import { OperatorError } from '../domain/errors.js';

/** @throws OperatorError that names the option */
export function wholeNumberOption(name: string, text: string, minimum: number, maximum: number): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= minimum && number <= maximum) return number;
  throw new OperatorError(`${name} is a whole number from ${minimum} to ${maximum}, not "${text}"`);
}
