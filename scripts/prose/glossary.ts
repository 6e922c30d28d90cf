// Words and phrases that our prose avoids, with the plain ones to use instead, and the search for them in a text.

export interface Term {
  /** What the report calls it. */
  name: string;
  use: string;
  pattern: RegExp;
  /** Legitimate uses: matched against the text up to the end of the hit and a little beyond, and must cover the hit. */
  allowed?: RegExp;
}

export interface Hit {
  term: Term;
  /** From 1. */
  line: number;
  /** The hit with some words around it. */
  excerpt: string;
}

/** Nouns after which "where" begins a relative clause of place. */
const PLACES =
  "address|border|branch|cell|column|directory|entry|field|file|folder|function|index|location|machine|offset|page|path|" +
  "pixel|place|point|position|range|region|register|row|section|slot|spot|step|table|variant";

/** Words before a "where" that asks for a place, or that means "the place where". */
const INDIRECT =
  "about|and|ask|asks|between|check|checks|choose|chooses|continues|decide|decides|describe|describes|determine|" +
  "determines|exactly|find|finds|from|" +
  "is|know|known|knows|of|remember|remembers|report|reports|say|says|see|show|shows|specify|specifies|to";

/** Every pattern is matched without regard to case, in text whose lines are joined by single spaces. */
export const TERMS: Term[] = [
  {
    name: "where (condition)",
    use: "if, when",
    pattern: /\bwhere [a-z0-9`'"$-]/g,
    allowed: new RegExp(
      [
        `\\b(?:${PLACES})(?:s|es)? where `,
        `\\b(?:${INDIRECT}) where `,
        // A formula's explanation: "…, where x is".
        ", where `?[a-z][0-9']?`? (?:is|are|=)",
        // What is described, also by a whole file, is a place: "/** Where trainings run; …".
        '(?:^|\\/\\*\\*|["|]) *(?:@returns )?Where (?!there|it |no|its)[^.,;:*|]+[.;:*|]',
      ].join("|"),
      "gi",
    ),
  },
  {
    name: "tells, is told",
    use: "reports, says; is reported, is given",
    pattern:
      /\btells\b|\b(?:is|are|be|been|was|were|being|not) told\b|\btold (?:of|to|by|where|that|in|how|what|whether)\b|\btell (?:of|what|how|the user)\b/g,
    allowed: /\btells (?:\w+ )?apart\b|\bconst told of\b/gi,
  },
  {
    name: "lies",
    use: "is stored, is, is in",
    pattern: /\b(?:lies|lie|lying)\b/g,
    allowed: /\b(?:lies|lie|lying) between [-+−]?\d/gi,
  },
  {
    name: "stands",
    use: "is, is in",
    pattern: /\b(?:stand|stands|stood|standing)\b/g,
    allowed: /\b(?:stand|stands|stood|standing)(?: in)? for\b|\bstand-(?:in|alone)|\bstands? out\b/gi,
  },
  {
    name: "goes on",
    use: "resumes, continues",
    pattern: /\b(?:go|goes|going|went|gone) on\b/g,
  },
  { name: "mend", use: "fix, how to fix it", pattern: /\bmend(?:s|ed|ing|able)?\b/g },
  {
    name: "is none (of)",
    use: "is not one of, there is none",
    pattern: /\b(?:is|are|was|were|be) (?:\w+ )?none\b(?! else| or )/g,
    allowed: /\bthere (?:is|are|was|were) none(?! of\b)|\b(?:if|while|when) \S+ is none:/gi,
  },
  {
    name: "to be had, at hand",
    use: "is available",
    pattern: /\b(?:to be|is|are|can be|be) had\b|\bat hand\b/g,
  },
  {
    name: "whoever, whatever asks",
    use: "callers that, anything that",
    pattern: /\b(?:whoever|whatever)\b/g,
    // "whatever the order is": regardless of the order.
    allowed: /\bwhatever the \w+/gi,
  },
  {
    name: "so many",
    use: "this many, the number of",
    pattern: /\bso (?:many|few|much)\b/g,
    allowed: /\bso much (?:\w+er|more|less)\b|\bso (?:many|few|much) [^.;:]{0,60}\bthat\b/gi,
  },
  { name: "so long as", use: "while", pattern: /\bso long\b/g },
  {
    name: "foretell, make of",
    use: "predict",
    pattern: /\bforet(?:ell|ells|elling|old)\b|\bwhat [^.;:]{1,40} makes? of\b/g,
  },
  {
    name: "has it that, as … has it",
    use: "says, as in",
    pattern: /\bas \S+(?: \S+){0,3} (?:has|have|had) (?:it|them)\b|\b(?:has|have) it that\b/g,
  },
  { name: "(not) as before", use: "changed", pattern: /\b(?:not|is|are|be|was|were) as before\b/g },
];

/** Marks that begin a line of a comment, a quotation or a list. */
const MARKS = /^\s*(?:\/\/+|\/\*\*?|\*(?!\/)|#+|>)?\s*/;

/** The old-sense uses of every term, in the order of their lines. A phrase may continue on the next line. */
export function findHits(text: string): Hit[] {
  const starts: number[] = [];
  let joined = "";
  for (const line of text.split("\n")) {
    starts.push(joined.length);
    // "/**" is kept: it is where a docstring begins.
    joined += `${line.replace(MARKS, (mark) => (mark.includes("/**") ? "/** " : ""))} `;
  }
  return TERMS.flatMap((term) => findTerm(term, joined, starts)).sort((a, b) => a.line - b.line);
}

function findTerm(term: Term, joined: string, starts: readonly number[]): Hit[] {
  const allowed = term.allowed ? [...joined.matchAll(term.allowed)] : [];
  return [...joined.matchAll(new RegExp(term.pattern, "gi"))]
    .filter(({ index }) => !allowed.some((use) => use.index <= index && index < use.index + use[0].length))
    .map(({ index, 0: { length } }) => ({
      term,
      line: starts.findLastIndex((start) => start <= index) + 1,
      excerpt: joined.slice(Math.max(0, index - 40), index + length + 40).trim(),
    }));
}
