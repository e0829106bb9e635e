// Renders the PNG icons from icon.svg. Maskable: no rounded corners, the drawing inside the safe circle.
import { readFileSync } from "node:fs";
import sharp from "sharp";

const svg = readFileSync(new URL("icon.svg", import.meta.url), "utf8");
const out = (name) => new URL(`../public/${name}`, import.meta.url).pathname;
const square = svg
  .replace(' rx="112"', "")
  .replace(/(<path[\s\S]*)<\/svg>/, '<g transform="translate(51 51) scale(.8)">$1</g></svg>');

await sharp(Buffer.from(svg)).resize(192).png({ compressionLevel: 9, palette: true }).toFile(out("icon-192.png"));
await sharp(Buffer.from(svg)).resize(512).png({ compressionLevel: 9, palette: true }).toFile(out("icon-512.png"));
await sharp(Buffer.from(square))
  .resize(512)
  .png({ compressionLevel: 9, palette: true })
  .toFile(out("icon-maskable-512.png"));
