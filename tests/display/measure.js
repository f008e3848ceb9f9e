// Text of the outputs that is hard to read: [{ view, text, ratio, wanted, colour, ground }], from computed styles.
// What a person sees is composed from the page upwards: each ancestor's background, then its opacity as a group.
// Nothing here asks which element is on top, so JupyterLab's <body>, which axe takes for a cover, is in nobody's way.
({ outputs, names }) => {
    const parsed = css => {
        const found = css.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
        if (!found) throw new Error(`a colour of another kind: ${css}`);
        return [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4] ?? 1)];
    };
    const over = (colour, ground, alpha) => ground.map((c, i) => alpha * colour[i] + (1 - alpha) * c);
    const composed = (chain, backdrop) => {
        const [element, ...rest] = chain;
        const style = getComputedStyle(element);
        if (style.backgroundImage !== "none") throw new Error(`a picture under text: ${element.outerHTML.slice(0, 99)}`);
        const background = parsed(style.backgroundColor);
        const ground = over(background, backdrop, background[3]);
        const colour = parsed(style.color);
        const [text, under] = rest.length ? composed(rest, ground) : [over(colour, ground, colour[3]), ground];
        const opacity = Number(style.opacity);
        return [over(text, backdrop, opacity), over(under, backdrop, opacity)];
    };
    const luminance = rgb => {
        const [r, g, b] = rgb.map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
        const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    };
    const wanted = (text, style) => {
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        return large || !/[\p{L}\p{N}]/u.test(text) ? 3 : 4.5;  // WCAG 2.2 §1.4.3; a sign alone: §1.4.11
    };
    const results = [];
    outputs.forEach((output, position) => {
        output.querySelectorAll("details").forEach(details => { details.open = true; });
        const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const text = node.data.trim();
            const range = document.createRange();
            range.selectNodeContents(node);
            if (!text) continue;
            const chain = [];
            for (let element = node.parentElement; element; element = element.parentElement) chain.unshift(element);
            const [colour, ground] = composed(chain, [255, 255, 255]);
            const box = range.getBoundingClientRect();
            results.push({
                view: names[position], text: text.slice(0, 60), wanted: wanted(text, getComputedStyle(node.parentElement)),
                ratio: Math.round(contrast(colour, ground) * 100) / 100, seen: box.width > 0 && box.height > 0,
                colour: colour.map(Math.round).join(), ground: ground.map(Math.round).join(),
            });
        }
    });
    return results;
}
