/** The rules of the inner/foreign mix as they are without a word in the configuration: what the simulator compares. */
import { selectionSection } from './network-sections.js';

export const defaultMix = Object.freeze(selectionSection.parse({}));
