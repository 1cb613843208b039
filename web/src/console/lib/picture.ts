/** Pictures of people are small squares: made so in the browser, which also takes out what a photo tells of its place. */
const SIDE = 256;

export async function squarePicture(file: File): Promise<File> {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  const from = [(bitmap.width - side) / 2, (bitmap.height - side) / 2] as const;
  canvas.getContext("2d")?.drawImage(bitmap, ...from, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.88));
  if (!blob) throw new DOMException("the picture cannot be drawn", "EncodingError");
  return new File([blob], "picture.jpg", { type: "image/jpeg" });
}
