// Sentences of a page that a script completes: {name} stands where a value belongs.

export const language = document.documentElement.lang;
const digits = new Intl.NumberFormat(language, { numberingSystem: "latn" });

export function fill(sentence, values) {
  const asWords = (value) => (typeof value === "number" ? digits.format(value) : value);
  return sentence.replace(/\{(\w+)\}/g, (_place, name) => asWords(values[name]));
}
