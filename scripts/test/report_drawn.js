"use strict";
// Runs at the end of the page, after its own script; what is wrong goes into #verdict, a line each.
(() => {
	const wrong = window.wrong;
	const all = (selector, from = document) => [...from.querySelectorAll(selector)];
	const name = (thing) => thing.closest("article, section, nav, header")?.id || thing.tagName;
	for (const fold of all("details")) fold.open = true;

	for (const link of all("a[href]")) {
		const to = link.getAttribute("href");
		if (to.startsWith("#") ? !document.getElementById(to.slice(1)) : !to.startsWith("https://www.rfc-editor.org/rfc/rfc"))
			wrong.push(`link ${to} of ${name(link)} leads nowhere`);
	}
	const ids = all("[id]").map((thing) => thing.id);
	for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i))) wrong.push(`two things are called ${id}`);
	for (const thing of all("[src], link[href]")) {
		const from = thing.getAttribute("src") ?? thing.getAttribute("href");
		if (!from.startsWith("data:")) wrong.push(`the page loads ${from}`);
	}
	for (const entry of performance.getEntriesByType("resource"))
		if (!entry.name.startsWith("data:")) wrong.push(`the page loads ${entry.name}`);

	for (const tongue of ["en", "zh"]) {
		document.documentElement.lang = tongue;
		for (const words of all(`span.${tongue}, tspan.${tongue}`)) {
			const text = words.textContent.trim();
			if (!text) wrong.push(`${name(words)}: nothing in ${tongue} beside "${words.parentElement.textContent.slice(0, 60)}"`);
			if (getComputedStyle(words).display === "none") wrong.push(`${name(words)}: "${text}" is hidden in ${tongue}`);
		}
		for (const words of all(`span.${tongue === "en" ? "zh" : "en"}`))
			if (words.getClientRects().length) wrong.push(`${name(words)}: "${words.textContent}" is seen in ${tongue}`);
		drawn(tongue);
	}
	points();
	switches();
	// What is a sentence in English is one in Chinese; a word such as RST may be the same.
	for (const answer of all(".answer, h3 > span, h4, aside > p"))
		for (const words of all("span.zh", answer))
			if (!/[\u4e00-\u9fff]/.test(words.textContent)) wrong.push(`${name(words)}: "${words.textContent}" is not Chinese`);

	// Of everything that can be pointed at: a box with words, in Chinese here.
	function points() {
		const tip = document.getElementById("tip");
		for (const thing of all(".segment, .state")) {
			tip.hidden = true;
			thing.dispatchEvent(new MouseEvent("click", { bubbles: true }));
			const names = all("dt", tip).map((one) => one.textContent);
			if (tip.hidden || names.length < 3 || names.some((one) => !/[\u4e00-\u9fff]/.test(one)))
				wrong.push(`${name(thing)}: who points at it reads "${tip.textContent}"`);
			if (thing.matches(".segment") && /^[A-Z-]+$/.test(tip.querySelector("dd")?.textContent) && names.length < 9)
				wrong.push(`${name(thing)}: of its header one reads only "${names.join(" ")}"`);
		}
	}

	function switches() {
		const root = document.documentElement;
		for (const [button, value] of [["tongue", () => root.lang], ["theme", () => getComputedStyle(document.body).color]]) {
			const before = value();
			document.getElementById(button).click();
			if (value() === before) wrong.push(`the switch "${button}" changes nothing`);
			document.getElementById(button).click();
			if (value() !== before) wrong.push(`the switch "${button}" does not come back`);
		}
	}

	function drawn(tongue) {
		for (const svg of all("svg")) {
			const box = svg.getBoundingClientRect();
			if (box.width < 100 || box.height < 40 || !svg.querySelector("line, path"))
				wrong.push(`${name(svg)}: a diagram is not drawn (${box.width} x ${box.height})`);
			const places = all("text", svg).filter((text) => text.textContent.trim()).map(corners);
			for (let i = 0; i < places.length; i++)
				for (let j = 0; j < i; j++)
					if (overlap(places[i].at, places[j].at))
						wrong.push(`${name(svg)}: "${places[i].text}" lies on "${places[j].text}" in ${tongue}`);
			for (const place of places) {
				const view = svg.viewBox.baseVal;
				if (place.at.some((p) => p.x < -2 || p.x > view.width + 2 || p.y < 0 || p.y > view.height + 2))
					wrong.push(`${name(svg)}: "${place.text}" is outside of the diagram in ${tongue}`);
			}
		}
	}

	// The four corners of a text in its diagram, a little inside: lines of text may touch.
	function corners(text) {
		const b = text.getBBox();
		const turn = text.transform.baseVal.consolidate()?.matrix ?? text.ownerSVGElement.createSVGMatrix();
		const [x1, x2, y1, y2] = [b.x + 1, b.x + b.width - 1, b.y + b.height * 0.22, b.y + b.height * 0.82];
		const at = [[x1, y1], [x2, y1], [x2, y2], [x1, y2]].map(([x, y]) => new DOMPoint(x, y).matrixTransform(turn));
		return { text: text.textContent, at };
	}

	// Two convex shapes are apart if a side of one has the other wholly beyond it.
	function overlap(a, b) {
		for (const shape of [a, b])
			for (let i = 0; i < shape.length; i++) {
				const p = shape[i], q = shape[(i + 1) % shape.length];
				const [nx, ny] = [q.y - p.y, p.x - q.x];
				const far = (points) => points.map((o) => nx * o.x + ny * o.y);
				const [one, other] = [far(a), far(b)];
				if (Math.max(...one) <= Math.min(...other) || Math.max(...other) <= Math.min(...one)) return false;
			}
		return true;
	}

	const verdict = document.createElement("pre");
	verdict.id = "verdict";
	verdict.textContent = wrong.join("\n") || "right";
	document.body.append(verdict);
})();
