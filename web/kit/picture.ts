/**
 * A figure of the page as a PNG: its canvas or drawing on the page's ground, the title above it, and the names of its lines
 * below. Undefined where there is nothing drawn (tables and numbers go as CSV).
 */
export async function pictureOf(figure: HTMLElement, title: string): Promise<Blob | undefined> {
  const drawn = figure.querySelector('canvas') ?? (await rasterOf(figure.querySelector('svg[data-figure]')));
  if (!drawn) return undefined;
  const css = getComputedStyle(figure);
  const ratio = devicePixelRatio;
  const [pad, head] = [16 * ratio, 40 * ratio];
  const keys = [...figure.querySelectorAll<HTMLElement>('[data-key]')];
  const lineHeight = 20 * ratio;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(drawn.width, 420 * ratio) + 2 * pad;
  const textWidth = canvas.width - 2 * pad;
  canvas.height = head + drawn.height + pad + keys.length * lineHeight;
  const context = canvas.getContext('2d');
  if (!context) return undefined;
  context.fillStyle = groundOf(figure);
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(drawn, pad, head);
  context.textBaseline = 'middle';
  context.fillStyle = css.color;
  context.font = `600 ${14 * ratio}px ${css.fontFamily}`;
  context.fillText(title, pad, head / 2, textWidth);
  context.font = `${12 * ratio}px ${css.fontFamily}`;
  keys.forEach((key, index) => {
    const y = head + drawn.height + (index + 0.5) * lineHeight;
    const swatch = key.querySelector('i');
    context.fillStyle = swatch ? getComputedStyle(swatch).backgroundColor : css.color;
    context.fillRect(pad, y - 2 * ratio, 12 * ratio, 4 * ratio);
    context.fillStyle = css.color;
    context.fillText(wordsOf(key), pad + 20 * ratio, y, textWidth - 20 * ratio);
  });
  return new Promise((done) => canvas.toBlob((blob) => done(blob ?? undefined), 'image/png'));
}

/** A name and its figures, apart as they are on the page. */
const wordsOf = (key: HTMLElement): string =>
  [...key.childNodes]
    .map((node) => node.textContent?.trim())
    .filter(Boolean)
    .join('  ');

/** The nearest ground that is not seen through. */
function groundOf(element: HTMLElement): string {
  for (let one: HTMLElement | null = element; one; one = one.parentElement) {
    const { backgroundColor } = getComputedStyle(one);
    if (backgroundColor !== 'rgba(0, 0, 0, 0)' && backgroundColor !== 'transparent') return backgroundColor;
  }
  return getComputedStyle(document.body).backgroundColor;
}

/** Paints a drawing of plain shapes: rectangles and paths with a fill. */
async function rasterOf(drawing: SVGSVGElement | null): Promise<HTMLCanvasElement | undefined> {
  if (!drawing) return undefined;
  const box = drawing.getBoundingClientRect();
  const view = drawing.viewBox.baseVal;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(box.width * devicePixelRatio);
  canvas.height = Math.round(box.height * devicePixelRatio);
  const context = canvas.getContext('2d');
  if (!context || view.width === 0) return undefined;
  const scale = Math.min(canvas.width / view.width, canvas.height / view.height);
  context.scale(scale, scale);
  context.translate(-view.x, -view.y);
  for (const shape of drawing.querySelectorAll<SVGPathElement | SVGRectElement>('path, rect')) {
    context.fillStyle = getComputedStyle(shape).fill;
    if (shape instanceof SVGPathElement) context.fill(new Path2D(shape.getAttribute('d') ?? ''));
    else {
      const { x, y, width, height } = shape;
      context.fillRect(x.baseVal.value, y.baseVal.value, width.baseVal.value, height.baseVal.value);
    }
  }
  return canvas;
}
