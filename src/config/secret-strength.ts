/** Judges passwords and keys: blank, placeholder, short, or too regular. */

const PLACEHOLDERS = ["change_me", "changeme", "password", "example", "default"];
const KEY_PLACEHOLDERS = [...PLACEHOLDERS, "placeholder", "replace", "your-", "your_", "secret", "test-key"];
const MIN_PASSWORD_LENGTH = 12;
const MIN_KEY_BYTES = 32;
/** A random key of 32 hex characters has about 115. */
const MIN_KEY_BITS = 80;

/** What is wrong with a database password, or null. `names` are the user and the database. */
export function passwordProblem(password: string, names: readonly string[]): string | null {
  if (password.trim() === "") return "has a blank password";
  if (holdsAny(password, PLACEHOLDERS)) return "has a placeholder for a password";
  if (password.length < MIN_PASSWORD_LENGTH)
    return `has a password shorter than ${MIN_PASSWORD_LENGTH} characters`;
  if (names.includes(password)) return "has a password equal to the user or database name";
  return null;
}

/** What is wrong with an API key, or null. */
export function keyProblem(key: string): string | null {
  if (Buffer.byteLength(key) < MIN_KEY_BYTES) return `holds a key shorter than ${MIN_KEY_BYTES} bytes`;
  if (holdsAny(key, KEY_PLACEHOLDERS)) return "holds a placeholder";
  if (entropyBits(key) < MIN_KEY_BITS) return "holds a key of low entropy";
  return null;
}

const holdsAny = (text: string, words: readonly string[]): boolean =>
  words.some((word) => text.toLowerCase().includes(word));

/** Shannon entropy of the characters, times their number. */
function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / text.length);
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0) * text.length;
}
