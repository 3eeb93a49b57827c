/** The rules of the inner/foreign mix when the configuration sets nothing: what the simulator compares. */
import { selectionSection } from './section.js';

export const defaultMix = Object.freeze(selectionSection.parse({}));
