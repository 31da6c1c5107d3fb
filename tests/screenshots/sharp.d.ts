/** The part of the package that is used here; it is installed only for `npm run screenshots`. */
declare module "sharp" {
  interface Picture {
    metadata(): Promise<{ readonly width: number; readonly height: number }>;
    extract(area: { left: number; top: number; width: number; height: number }): Picture;
    png(options: { palette: boolean; colours: number; effort: number; dither: number }): Picture;
    toBuffer(): Promise<Buffer>;
  }
  export default function sharp(content: Buffer): Picture;
}
