"use strict";
(() => {
	const root = document.documentElement;
	const names = {
		"segment": "报文段", "sent": "发出", "arrived": "到达", "network": "网络", "source port": "源端口",
		"destination port": "目的端口", "sequence number": "序号", "acknowledgment number": "确认号",
		"header length": "首部长度", "window": "窗口", "checksum": "校验和", "urgent pointer": "紧急指针", "text": "数据字节",
		"state": "状态", "since": "始于", "before": "此前",
	};
	const values = {
		"client": "客户端", "server": "服务端", "lost": "丢失", "queue full": "队列满", "held": "被扣留", "spoilt": "被破坏",
		"old": "旧的", "made up": "伪造", "arrives": "到达", "times": "次", "step": "步骤",
	};
	const value_in = new RegExp(`\\b(${Object.keys(values).join("|")})\\b`, "g");
	const kept = (name, value) => {
		try {
			if (value) localStorage.setItem(name, value);
			return localStorage.getItem(name);
		} catch { return null; } // a page of a file may have no storage
	};
	const speak = (tongue) => {
		root.lang = tongue;
		document.title = root.dataset[tongue === "zh" ? "titleZh" : "titleEn"];
	};
	speak(kept("tongue") || (navigator.language.startsWith("zh") ? "zh" : "en"));
	if (kept("theme")) root.dataset.theme = kept("theme");

	document.getElementById("tongue").addEventListener("click", () => speak(kept("tongue", root.lang === "zh" ? "en" : "zh") ||
		(root.lang === "zh" ? "en" : "zh")));
	document.getElementById("theme").addEventListener("click", () => {
		const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
		root.dataset.theme = dark ? "light" : "dark";
		kept("theme", root.dataset.theme);
	});

	// What a <title> says, `name: value` a line, in a box that touch and keyboard can have, too.
	const tip = document.getElementById("tip");
	const said = new WeakMap();
	const lines = (thing) => {
		if (!said.has(thing)) {
			const title = thing.querySelector("title");
			said.set(thing, title.textContent);
			thing.setAttribute("aria-label", title.textContent);
			title.remove();
		}
		return said.get(thing).split("\n").map((line) => line.split(/: (.*)/s));
	};
	const show = (thing, x, y) => {
		const list = document.createElement("dl");
		for (const [name, value] of lines(thing)) {
			const zh = name.startsWith("option ") ? `选项 ${name.slice(7)}` : names[name];
			const chinese = root.lang === "zh";
			const said_zh = value.replace(value_in, (word) => values[word]);
			list.append(Object.assign(document.createElement("dt"), { textContent: chinese ? zh : name }),
				Object.assign(document.createElement("dd"), { textContent: chinese ? said_zh : value }));
		}
		tip.replaceChildren(list);
		tip.hidden = false;
		const left = Math.min(x + 14, root.clientWidth - tip.offsetWidth - 8);
		const below = y + 18 + tip.offsetHeight < window.innerHeight;
		tip.style.left = `${Math.max(left, 8) + window.scrollX}px`;
		tip.style.top = `${(below ? y + 18 : Math.max(y - tip.offsetHeight - 14, 4)) + window.scrollY}px`;
	};
	const pointed = (event) => event.target.closest?.(".segment, .state");
	const follow = (event) => {
		const thing = pointed(event);
		if (thing) show(thing, event.clientX, event.clientY);
		else tip.hidden = true;
	};
	document.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") follow(event); });
	document.addEventListener("click", follow);
	document.addEventListener("focusin", (event) => {
		const thing = pointed(event);
		if (!thing?.matches(":focus-visible")) return;
		const box = thing.getBoundingClientRect();
		show(thing, box.left, box.bottom - 14);
	});
	document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

	// A link into something folded unfolds it; contents are folded where there is little room.
	const unfold = () => {
		for (let at = document.getElementById(location.hash.slice(1)); at; at = at.parentElement)
			if (at.tagName === "DETAILS") at.open = true;
	};
	addEventListener("hashchange", unfold);
	unfold();
	const contents = document.getElementById("contents");
	const narrow = matchMedia("(max-width: 60rem)");
	const room = () => { contents.open = !narrow.matches; };
	narrow.addEventListener("change", room);
	room();
})();
