// Words of the outputs that stand on more than one line: [{ view, word, text }], from where each was drawn.
// A word is a run of letters and digits, as a line may end behind a hyphen; what has `long` characters without a space,
// such as base64, is no word and may break anywhere.
({ outputs, names, long }) => {
    const rows = (node, begin, end) => {
        const range = document.createRange();
        range.setStart(node, begin);
        range.setEnd(node, end);
        return new Set(Array.from(range.getClientRects(), box => Math.round(box.top))).size;
    };
    const results = [];
    outputs.forEach((output, position) => {
        output.querySelectorAll("details").forEach(details => { details.open = true; });
        const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            for (const token of node.data.matchAll(/\S+/gu)) {
                if (token[0].length >= long) continue;
                for (const word of token[0].matchAll(/[\p{L}\p{N}]{2,}/gu)) {
                    const begin = token.index + word.index;
                    if (rows(node, begin, begin + word[0].length) > 1) {
                        results.push({ view: names[position], word: word[0], text: node.data.slice(0, 60) });
                    }
                }
            }
        }
    });
    return results;
}
