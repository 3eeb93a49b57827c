/** The kinds of value that the operator's own keys of `mirrorSite` have. */
import { z } from 'zod';
import { parseColour } from './colour.js';

/** `#rrggbb`. */
export const colour = z
  .string({ error: 'expected a colour in quotes, e.g. "#0b6e4f"' })
  .transform((written, context) => {
    const parsed = parseColour(written);
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: 'custom',
      message: `"${written}" is not a colour such as "#0b6e4f" (quote it: # begins a comment)`,
    });
    return z.NEVER;
  });

/** Readers can follow it: a mail address, a telephone number or a page. */
export const reachable = z
  .string({ error: 'expected an address, e.g. "mailto:noc@example.net"' })
  .refine(
    (written) =>
      /^(?:mailto:[^\s@]+@[^\s@]+|tel:\+?[\d.()-]+|https?:\/\/[^\s/]+\S*)$/i.test(written) && URL.canParse(written),
    {
      error: ({ input }) =>
        /^[^\s@:]+@[^\s@]+$/.test(String(input))
          ? `write "mailto:${String(input)}"`
          : `"${String(input)}" is not an address that begins with mailto:, tel:, https:// or http://`,
    },
  );
