// What a report's page is measured for, in the page itself. Its value is {name: [what is wrong]}.
(() => {
  const visible = (element) => element.getClientRects().length > 0;
  const textNodes = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) {
      if (walker.currentNode.data.trim() !== '' && visible(walker.currentNode.parentElement)) nodes.push(walker.currentNode);
    }
    return nodes;
  };
  const boxesOf = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((box) => box.width > 0);
  };
  const near = 1; // pixels are rounded
  const shown = (node) => JSON.stringify(node.textContent.trim().slice(0, 60));
  const wrong = { width: [], overflow: [], overlap: [], contrast: [], small: [] };

  if (document.documentElement.scrollWidth > window.innerWidth) {
    wrong.width.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${window.innerWidth}`);
  }

  // A text lies in the box of each block around it.
  const hidden = (element) => getComputedStyle(element).clipPath !== 'none';
  for (const node of textNodes()) {
    let around = node.parentElement;
    if (around.closest('svg') || around.closest('thead') && hidden(around.closest('thead'))) continue;
    while (around && around !== document.documentElement) {
      const kind = getComputedStyle(around).display;
      if (kind !== 'inline' && kind !== 'contents') {
        const box = around.getBoundingClientRect();
        for (const text of boxesOf(node)) {
          if (text.left < box.left - near || text.right > box.right + near || text.top < box.top - 4 || text.bottom > box.bottom + 4) {
            wrong.overflow.push(`${shown(node)} sticks out of <${around.localName} class="${around.className}">`);
          }
        }
      }
      around = around.parentElement;
    }
  }

  // Labels of a picture lie in it, and none touches another.
  for (const svg of document.querySelectorAll('svg')) {
    if (!visible(svg)) continue;
    const frame = svg.getBoundingClientRect();
    const labels = [...svg.querySelectorAll('text')].map((text) => ({ text, box: text.getBoundingClientRect() }));
    for (const [i, { text, box }] of labels.entries()) {
      if (box.left < frame.left - near || box.right > frame.right + near || box.top < frame.top - near || box.bottom > frame.bottom + near) {
        wrong.overflow.push(`${shown(text)} sticks out of its picture`);
      }
      for (const other of labels.slice(i + 1)) {
        const apart = box.right <= other.box.left || other.box.right <= box.left || box.bottom <= other.box.top + 2 || other.box.bottom <= box.top + 2;
        if (!apart) wrong.overlap.push(`${shown(text)} lies over ${shown(other.text)}`);
      }
      if (parseFloat(getComputedStyle(text).fontSize) * (frame.width / svg.viewBox.baseVal.width) < 8) wrong.small.push(shown(text));
    }
  }

  // WCAG 2.1, 1.4.3.
  const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = rgb(colour).map((value) => value / 255).map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgb(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const node of textNodes()) {
    const element = node.parentElement;
    const style = getComputedStyle(element);
    const ink = light(element.closest('svg') ? style.fill : style.color);
    // The area behind the budget may lie under a label.
    const late = document.querySelector('rect.late');
    const grounds = [ground(element)];
    if (late && element.closest('svg')) grounds.push(getComputedStyle(late).fill);
    for (const under of grounds.map(light)) {
      const ratio = (Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05);
      if (ratio < 4.5) wrong.contrast.push(`${shown(node)} has ${ratio.toFixed(2)}:1`);
    }
  }
  for (const name of Object.keys(wrong)) wrong[name] = [...new Set(wrong[name])].slice(0, 5);
  return wrong;
})()
