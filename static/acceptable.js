// Whether a chosen file can be taken at all: said before its bytes are sent (docs/uploads.md).
// What can't be told here, the server tells. A problem is the name of a phrase, with its values.

import { hasPreview, isWholeMovie } from "./inside.js";
import { language } from "./words.js";

const MB = 1_000_000;
const HEAD_BYTES = 16;
// How the files begin that are taken; a dot is any byte.
const PICTURES = /^(\xff\xd8\xff|\x89PNG|RIFF....WEBP|....ftyp|GIF8|II[*+]\0|II\0\*|MM\0[*+]|MM\*\0|BM)/s;
const RAWS = /^(FUJIFILMCCD-RAW|IIR[OS]|MMOR|IIU\0)/;
const MOVIES = /^....(ftyp|moov|mdat|wide|free|skip|pnot|uuid)/s;
const MATROSKA = /^\x1aE\xdf\xa3/;

async function headOf(file) {
  return String.fromCharCode(...new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
}

export async function problemOf(file, accepted) {
  const ending = /\.\w{1,10}$/.exec(file.name)?.[0].toLowerCase() ?? "";
  const { kinds } = accepted;
  const named = kinds.find(({ endings }) => endings.includes(ending));
  const kind = named ?? kinds.find(({ types }) => types.includes(file.type));
  if (!file.size) return ["empty"];
  if (accepted.other_raws.includes(ending)) return ["other_raw"];
  if (kind && file.size > kind.most_mb * MB) return ["too_many_mb", { number: kind.most_mb.toLocaleString(language) }];
  try {
    const head = await headOf(file);
    if (kind?.kind === "clip") return await problemOfClip(file, head);
    if (!PICTURES.test(head) && !RAWS.test(head)) return otherFormat(file, kind, ending);
    if (ending === ".dng" && !(await hasPreview(file, accepted.least_preview_px))) return ["no_preview"];
  } catch {
    // not on the device yet
  }
  return null;
}

async function problemOfClip(file, head) {
  if (MATROSKA.test(head)) return null;
  if (!MOVIES.test(head)) return PICTURES.test(head) ? null : ["no_photo"];
  return (await isWholeMovie(file)) ? null : ["broken_off"];
}

function otherFormat(file, kind, ending) {
  const isOther = ending && !kind && (!file.type || /^(image|video)\//.test(file.type));
  return isOther ? ["other_format", { ending }] : ["no_photo"];
}
