// This program's version, because a bundle does not contain package.json; a test compares the two.

export const VERSION = "3.0.0-alpha.1";
