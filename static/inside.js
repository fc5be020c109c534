// A look into files, a few bytes at a time: does a movie have its frames, a DNG a picture to show?

const MOST_BOXES = 200; // a long recording may have one for every second
const MOST_TABLES = 50;
const HEAD = 16; // bytes of a box: its size, its kind, and the size of a large one
const [WIDTH, HEIGHT, COMPRESSION, MEANING, OFFSETS, BELOW, KIND] = [256, 257, 259, 262, 273, 330, 254];
const JPEG = [6, 7];
const OF_SENSOR = [32803, 34892];
const PLAIN = [0, 1, 0x10001]; // others are masks

async function read(file, start, length) {
  return new DataView(await file.slice(start, start + length).arrayBuffer());
}

// ---- Movies: boxes in boxes ----------------------------------------------------------------------

async function boxesOf(file, start, stop) {
  const boxes = [];
  for (let at = start; at + 8 <= stop && boxes.length < MOST_BOXES;) {
    const view = await read(file, at, HEAD);
    let size = view.getUint32(0);
    if (size === 1 && view.byteLength === HEAD) size = Number(view.getBigUint64(8));
    else if (size === 0) size = stop - at;
    if (size < 8) break;
    const kind = String.fromCharCode(...new Uint8Array(view.buffer, 4, 4));
    boxes.push({ kind, start: at + 8, stop: at + size });
    at += size;
  }
  return boxes;
}

// A recording that was cut short, or a download that is only a head, has no tracks or no frames.
export async function isWholeMovie(file) {
  const boxes = await boxesOf(file, 0, file.size);
  if (boxes.length === MOST_BOXES) return true;
  const list = boxes.find(({ kind }) => kind === "moov");
  const frames = boxes.filter(({ kind }) => kind === "mdat");
  if (!list || !frames.length || frames.some(({ stop }) => stop > file.size)) return false;
  const tracks = await boxesOf(file, list.start, Math.min(list.stop, file.size));
  return tracks.some(({ kind }) => kind === "trak");
}

// ---- DNGs: tables of tags ------------------------------------------------------------------------

async function readTable(file, at, isLittle) {
  const count = (await read(file, at, 2)).getUint16(0, isLittle);
  const view = await read(file, at + 2, 12 * count + 4);
  const tags = {};
  for (let place = 0; place < 12 * count; place += 12) {
    const isShort = view.getUint16(place + 2, isLittle) === 3;
    tags[view.getUint16(place, isLittle)] = {
      count: view.getUint32(place + 4, isLittle),
      value: isShort ? view.getUint16(place + 8, isLittle) : view.getUint32(place + 8, isLittle),
    };
  }
  return { tags, next: view.getUint32(12 * count, isLittle) };
}

async function tablesBelow(file, below, isLittle) {
  if (!below) return [];
  if (below.count === 1) return [below.value];
  const view = await read(file, below.value, 4 * Math.min(below.count, MOST_TABLES));
  return Array.from({ length: view.byteLength / 4 }, (_, number) => view.getUint32(4 * number, isLittle));
}

function shows(tags, leastPx) {
  const value = (tag) => tags[tag]?.value;
  return (
    JPEG.includes(value(COMPRESSION)) &&
    tags[OFFSETS]?.count === 1 &&
    !OF_SENSOR.includes(value(MEANING)) &&
    PLAIN.includes(value(KIND) ?? 0) &&
    Math.max(value(WIDTH), value(HEIGHT)) >= leastPx
  );
}

// As the server decides it (photoshare/pictures/raw); whatever is damaged is left to it.
export async function hasPreview(file, leastPx) {
  try {
    const head = await read(file, 0, 8);
    const isLittle = head.getUint8(0) === 0x49;
    if (head.getUint16(2, isLittle) !== 42) return true;
    const toRead = [head.getUint32(4, isLittle)];
    for (let number = 0; number < toRead.length && number < MOST_TABLES; number += 1) {
      const { tags, next } = await readTable(file, toRead[number], isLittle);
      if (shows(tags, leastPx)) return true;
      toRead.push(...(await tablesBelow(file, tags[BELOW], isLittle)));
      if (next && !toRead.includes(next)) toRead.push(next);
    }
    return false;
  } catch {
    return true;
  }
}
