/**
 * Plain English in comments, messages, documents and names of tests. Each rule is a turn of phrase that a reader from the
 * field has to read twice, and what to write instead. The rules are narrow: a hit is a mistake, not a matter of taste.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { trackedFiles } from './source-files.js';

interface Rule {
  readonly instead: string;
  readonly phrase: RegExp;
  /** Found by the rule. */
  readonly bad: readonly string[];
  /** Correct text that is close to the phrase. */
  readonly good: readonly string[];
}

/** Not after "there": "there is no room" is correct, and so are comparisons such as "no longer". */
const NEGATED_NOUN =
  /(?<!\b(?:there|here|what|it)) (?:is|are|was|were) no (?!(?:longer|more|less|fewer|later|earlier|other|better|worse|larger|smaller|older|newer|different|such|single)\b)[a-z]/;
/** A returned value with its condition, in a comment or a message. */
const VALUE =
  /(?:\b(?:undefined|null|false|true|NONE|empty)`?|[−-]1|\b0),? where (?:it|there|they|that|none|nothing|nobody)\b/;

const RULES: readonly Rule[] = [
  {
    instead: '"is not a …"',
    phrase: NEGATED_NOUN,
    bad: ['an address that is no tracker', 'this was no query'],
    good: ['there is no query', 'it is no longer valid', 'is not a tracker'],
  },
  {
    instead: '"invalid", or "is not one"',
    phrase: /\b(?:that|which) (?:is|are|was|were) none\b|\bhas no \w+ that is one\b/,
    bad: ['for text that is none', 'has no name that is one'],
    good: ['if there is none', 'none of them'],
  },
  {
    instead: '"concatenated" or "back to back"',
    phrase: /\bone behind (?:the other|another)\b/,
    bad: ['hashes, one behind the other'],
    good: ['one behind a proxy', 'one after the other'],
  },
  {
    instead: '"with its last known state"',
    phrase: /\bwith what (?:it|he|she|they) last (?:was|were|had|has|heard|knew|got)\b/,
    bad: ['starts with what it last was told'],
    good: ['with what it last sent'],
  },
  {
    instead: '"backs off while it keeps failing"',
    phrase: /\b(?:ever|longer and) longer (?:while|until|as long)\b/,
    bad: ['pauses ever longer while it fails', 'waits longer and longer while it fails'],
    good: ['the longer it waits'],
  },
  {
    instead: '"after N consecutive …"',
    phrase: /\bso (?:many|often) (?:[a-z]+ )?in a row\b/,
    bad: ['so many failures in a row', 'failed so often in a row'],
    good: ['links in a row'],
  },
  {
    instead: '"one in 64", or "this many"',
    phrase: /\bone(?: [a-z]+)? in so many\b|\ban? [a-z]+ in so many\b/,
    bad: ['one answer in so many is timed', 'an answer in so many'],
    good: ['in so many words', 'in this many'],
  },
  {
    instead: 'the name of who survives',
    phrase: /\bwho(?:ever)? outlives\b/,
    bad: ['whoever outlives the thread closes them'],
    good: ['a thread that others may outlive'],
  },
  {
    instead: '"visible to every reader"',
    phrase: /\bin (?:every|each|any|all) ?\w+(?:['’]s|s['’]) eyes\b/,
    bad: ['after the words in every reader’s eyes'],
    good: ['in the eyes of the law'],
  },
  {
    instead: '"no conforming client …"',
    phrase: /\bby the book\b/,
    bad: ['nobody sends that by the book'],
    good: ['by the books'],
  },
  {
    instead: '"because no … is free"',
    phrase: /\bfor want of\b/,
    bad: ['closed for want of a buffer'],
    good: ['they want of it'],
  },
  {
    instead: '"is reported"',
    phrase:
      /\b(?:is|are|was|were|be|been|gets?) told (?:of|about) (?:it|them|its|their|the|a|an|all|every|each|such|problems|changes)\b/,
    bad: ['listeners are told of changes', 'the operator is told about it'],
    good: ['is told to retry'],
  },
  {
    instead: '"by default", or "without notice"',
    phrase: /\bwithout a word\b/,
    bad: ['as they are without a word in the configuration'],
    good: ['without words'],
  },
  {
    instead: '"joins briefly"',
    phrase: /\b(?:client|peer|user|node|visitor)s? (?:that|who) looks? in\b/,
    bad: ['behaves as a client that looks in'],
    good: ['a client that looks up a name'],
  },
  {
    instead: '"revoke", "ignored" or "expired"',
    phrase: /\bworthless\b|\bworth nothing\b/,
    bad: ['make a token worthless', 'worth nothing after twice this'],
    good: ['not worth compressing'],
  },
  {
    instead: '"who owns an address"',
    phrase: /\bwho is who\b/,
    bad: ['who is who in the network'],
    good: ['who is the owner'],
  },
  {
    instead: '"largest", "highest" or "most"',
    phrase: /\bgreatest\b/,
    bad: ['the greatest swarms'],
    good: ['greater than'],
  },
  {
    instead: '"removed"',
    phrase: /\b(?:struck|strikes?|striking) (?:it |them |one )?out\b/,
    bad: ['notes what it opens and strikes out what it closes'],
    good: ['a strike'],
  },
  {
    instead: '"is", "exists" or "is available"',
    phrase: /\b(?:is|are) (?:to be )?had\b(?! to)/,
    bad: ['room is had by moving', 'a port is to be had'],
    good: ['as it had to'],
  },
  {
    instead: '"is in …", "precedes" or "follows"',
    phrase: /\bstands? (?:in|at|there|here|before|behind|beside|under|around|further|to) (?!for\b)/,
    bad: ['it stands in the header section', 'whatever stands before the colon'],
    good: ['it stands for all gateways', 'a mirror stands in for the site', 'the threads stand still'],
  },
  {
    instead: '"what to do next"',
    phrase: /\bthe way out\b/,
    bad: ['an error with the way out'],
    good: ['the way outside'],
  },
  {
    instead: '"should", "must" or the present tense',
    phrase: /\bshall\b/,
    bad: ['which shall be unchoked'],
    good: ['shallow'],
  },
  {
    instead: '"they", or the noun',
    phrase: /\b(?:he|she|his|hers|him|himself|herself)\b/,
    bad: ['an address that is not his'],
    good: ['the', 'this'],
  },
  {
    instead: '"again", or "new"',
    phrase: /\banew\b/,
    bad: ['it is sorted anew'],
    good: ['a new one'],
  },
  {
    instead: '"distinguished"',
    phrase: /\btold apart\b|\btells? (?:them|these|those|[a-z]+s) apart\b/,
    bad: ['rows are told apart by their key', 'a code tells errors apart'],
    good: ['seeds are apart from leechers'],
  },
  {
    instead: '"skipped", or "ignored"',
    phrase: /\bpassed over\b/,
    bad: ['unknown options are passed over'],
    good: ['one pass over the names'],
  },
  {
    instead: '"still", or "nevertheless"',
    phrase: /\ball the same[.:,;]/,
    bad: ['it is answered all the same.'],
    good: ['they are all the same file'],
  },
  {
    instead: '"needs attention"',
    phrase: /\b(?:needs?|deserves?|worth) a look\b/,
    bad: ['probes that need a look'],
    good: ['after a look-up'],
  },
  {
    instead: '"which … there are", or "all …"',
    phrase: /\bwhat there is\b/,
    bad: ['see /openapi.json for what there is'],
    good: ['what is there'],
  },
  {
    instead: '"try again in"',
    phrase: /\bcome back in (?:\$\{|\d)/,
    bad: ['too many requests; come back in 5 s'],
    good: ['when to come back'],
  },
  {
    instead: '"is valid for"',
    phrase: /\b(?:is|are) good for\b/,
    bad: ['a signature is good for five minutes'],
    good: ['good for nothing else'],
  },
  {
    instead: '"expensive", or "costs more"',
    phrase: /\bdearer\b|\bdearest\b/,
    bad: ['the neighbour is dearer'],
    good: ['dear'],
  },
  {
    instead: '"blocked address"',
    phrase: /\bclosed address(?:es)?\b/,
    bad: ['never connects to a closed address'],
    good: ['a closed port'],
  },
  {
    instead: '"restart", or "continue"',
    phrase: /\b(?:start(?:s|ed|ing)?|begins?) again\b/,
    bad: ['the part is started again', 'it starts again after a second', 'the evidence begins again'],
    good: ['it announces again', 'the start, again'],
  },
  {
    instead: '"starves", or "has received nothing"',
    phrase: /\bempty[- ]handed\b/,
    bad: ['a leecher that comes back empty-handed'],
    good: ['an empty list'],
  },
  {
    instead: '"at most this many", or "for this long"',
    phrase: /\b(?:at most|only|for) so (?:many|often|long|much)\b/,
    bad: ['at most so many candidates', 'it is silent for so long', 'only so many of one host'],
    good: ['so many small steps move it no further', 'a hash of so much entropy'],
  },
  {
    instead: '"a client that …", or the name of who does it',
    phrase: /\bwhoever (?:has|comes|wants|draws|uses|finds|fills|seeds|is|reports|guesses|expects)\b/,
    bad: ['whoever comes next takes its place', 'whoever has nobody else'],
    good: ['it is refused whoever owns it'],
  },
  {
    instead: '"if"',
    phrase: new RegExp(`@throws [^.@]{0,100}?\\bwhere\\b|${VALUE.source}`),
    bad: ['@throws Error where the file is damaged', 'undefined where there is none', 'its id, 0 where it has none'],
    good: ['@throws Error if the file is damaged', '@returns where the peers belong', 'a zero where the text ends'],
  },
];

/** Words that carry a private meaning: each has an ordinary one to replace it. */
const METAPHORS = /\b(?:farewells?|traffic book|swarm book|grown array)\b/;

const OWN_TEXTS = /^(?:(?:src|docs|test|bench|examples|scripts)\/.*|[A-Z]+\.md)$/;
const texts = trackedFiles().filter(
  (path) => /\.(?:ts|mjs|md|ya?ml|sh|py|sql)$/.test(path) && OWN_TEXTS.test(path) && path !== 'test/repo/prose.test.ts',
);

/** Same length and line ends as blanks, so that phrases continue over lines and offsets still give the line. */
function flatten(text: string): string {
  return text.replace(/\n[ \t]*(?:\*(?!\/)|\/\/|#+|>)?/g, (gap) => ' '.repeat(gap.length));
}

/** With single blanks, and for each character the line that it comes from. */
function words(path: string): { readonly text: string; readonly lines: readonly number[] } {
  const original = readFileSync(path, 'utf8');
  const flat = flatten(original);
  const lines: number[] = [];
  let text = '';
  let line = 1;
  for (let i = 0; i < flat.length; i++) {
    const isBlank = flat[i] === ' ';
    if (!isBlank || !text.endsWith(' ')) {
      text += flat[i];
      lines.push(line);
    }
    if (original[i] === '\n') line++;
  }
  return { text, lines };
}

function hits(phrase: RegExp): string[] {
  const everywhere = new RegExp(phrase.source, 'gi');
  return contents.flatMap(({ path, text, lines }) =>
    [...text.matchAll(everywhere)].map(
      ({ index, 0: found }) =>
        `${path}:${lines[index]}: ${text.slice(Math.max(0, index - 30), index + found.length + 20)}`,
    ),
  );
}

const contents = texts.map((path) => ({ path, ...words(path) }));

describe('plain English', () => {
  test.each(RULES)('write $instead', ({ phrase, bad, good }) => {
    const matches = (text: string): boolean => new RegExp(phrase.source, 'i').test(text);
    expect(bad.filter((text) => !matches(text))).toEqual([]);
    expect(good.filter(matches)).toEqual([]);
    expect(hits(phrase)).toEqual([]);
  });

  test('no private metaphors', () => {
    expect(hits(METAPHORS)).toEqual([]);
  });
});
