// This program's version; a test holds it against package.json, which a bundle does not carry along.

export const VERSION = "3.0.0-alpha.1";
