// Text of the outputs that is hard to read: [{ view, text, ratio, wanted, colour, ground }], from computed styles.
// What a person sees is composed from the page upwards: each ancestor's background, then its opacity as a group.
// Nothing here asks which element is on top, so JupyterLab's <body>, which axe takes for a cover, is in nobody's way.
({ outputs, names }) => {
    const parsed = css => {
        const found = css.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
        if (!found) throw new Error(`a colour of another kind: ${css}`);
        return [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4] ?? 1)];
    };
    // Most text has its ancestors in common with other text: each element's style is asked for once.
    const styles = new Map();
    const styled = element => {
        if (!styles.has(element)) {
            const { color, backgroundColor, backgroundImage, opacity, fontSize, fontWeight } = getComputedStyle(element);
            styles.set(element, { color: parsed(color), background: parsed(backgroundColor), image: backgroundImage,
                opacity: Number(opacity), size: parseFloat(fontSize), weight: Number(fontWeight) });
        }
        return styles.get(element);
    };
    const over = (colour, ground, alpha) => ground.map((c, i) => alpha * colour[i] + (1 - alpha) * c);
    const composed = (chain, backdrop) => {
        const [element, ...rest] = chain;
        const { color: colour, background, image, opacity } = styled(element);
        if (image !== "none") throw new Error(`a picture under text: ${element.outerHTML.slice(0, 99)}`);
        const ground = over(background, backdrop, background[3]);
        const [text, under] = rest.length ? composed(rest, ground) : [over(colour, ground, colour[3]), ground];
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
        const large = style.size >= 24 || (style.size >= 18.66 && style.weight >= 700);
        return large || !/[\p{L}\p{N}]/u.test(text) ? 3 : 4.5;  // WCAG 2.2 §1.4.3; a sign alone: §1.4.11
    };
    const results = [];
    // All before any is measured: each that is opened in between would have the whole page laid out anew.
    outputs.forEach(output => output.querySelectorAll("details").forEach(details => { details.open = true; }));
    outputs.forEach((output, position) => {
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
                view: names[position], text: text.slice(0, 60), wanted: wanted(text, styled(node.parentElement)),
                ratio: Math.round(contrast(colour, ground) * 100) / 100, seen: box.width > 0 && box.height > 0,
                colour: colour.map(Math.round).join(), ground: ground.map(Math.round).join(),
            });
        }
    });
    return results;
}
