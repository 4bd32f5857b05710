// Runs in a page under test and answers what a visitor would stumble over. Read as text by page-faults.ts.
(() => {
  const faults = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width + 1) {
    faults.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width} px`);
  }

  const words = document.body.textContent;
  for (const nonsense of ['undefined', 'NaN', '[object Object]', 'Invalid Date']) {
    const at = words.indexOf(nonsense);
    if (at >= 0)
      faults.push(`it says ${nonsense}: ${words.slice(Math.max(0, at - 40), at + 30).replaceAll('\n', ' | ')}`);
  }

  const heads = document.querySelectorAll('h1').length;
  if (heads !== 1) faults.push(`it has ${heads} first headings`);
  if (!/\S+ · Millrace$/.test(document.title)) faults.push(`its title is "${document.title}"`);

  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) faults.push(`ids stand twice: ${twice.join(', ')}`);

  for (const control of document.querySelectorAll('a[href], button, input, select, textarea')) {
    if (control.getBoundingClientRect().width === 0) continue;
    const labelledBy = document.getElementById(control.getAttribute('aria-labelledby') ?? '');
    const name =
      control.getAttribute('aria-label') ||
      labelledBy?.textContent ||
      control.textContent.trim() ||
      control.labels?.[0];
    if (!name && !control.title) faults.push(`a control has no name: ${control.outerHTML.slice(0, 120)}`);
  }

  // WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 for large text. The canvas turns any colour into sRGB.
  const canvas = document.createElement('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const channels = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return { rgb: [red, green, blue], alpha: alpha / 255 };
  };
  const over = (front, alpha, back) => front.map((value, index) => value * alpha + back[index] * (1 - alpha));
  const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const blamed = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    if (!text.textContent.trim() || !element || /^(SCRIPT|STYLE|NOSCRIPT|TEXTAREA)$/.test(element.tagName)) continue;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (box.width < 2 || box.height < 2 || style.visibility === 'hidden') continue;
    const grounds = [];
    let opacity = 1;
    let exempt = false;
    for (let one = element; one; one = one.parentElement) {
      const look = getComputedStyle(one);
      grounds.push(channels(look.backgroundColor));
      opacity *= Number(look.opacity);
      exempt ||= look.clipPath.startsWith('inset(50') || one.getAttribute('aria-disabled') === 'true' || one.disabled;
    }
    if (exempt) continue;
    const ground = grounds.reduceRight((back, { rgb, alpha }) => over(rgb, alpha, back), [255, 255, 255]);
    const ink = channels(style.color);
    const [light, dark] = [luminance(over(ink.rgb, ink.alpha * opacity, ground)), luminance(ground)].sort(
      (a, b) => b - a,
    );
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const who = `${element.tagName.toLowerCase()}.${element.className}`;
    if (ratio >= wanted - 0.01 || blamed.has(who)) continue;
    blamed.add(who);
    faults.push(`contrast ${ratio.toFixed(2)}, wanted ${wanted}: ${who} "${text.textContent.trim().slice(0, 30)}"`);
  }
  return faults;
})();
