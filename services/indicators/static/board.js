// The board is made by the server; this fetches it with the reader's token, which stays in this page's memory.
"use strict";
(() => {
  const main = document.getElementById("board");
  const status = document.getElementById("status");
  const entry = document.getElementById("entry");
  let token = "";

  // What is looked at stands behind "#": a link to it can be kept, and no server logs it.
  const asked = () => (location.hash.length > 1 ? "?" + location.hash.slice(1) : "");
  const say = (words, wrong) => {
    status.textContent = words;
    if (wrong) status.setAttribute("role", "alert"); else status.setAttribute("role", "status");
  };

  async function show(query, remember) {
    say("正在读取…", false);
    try {
      const answer = await fetch("/api/v1/board" + query, { headers: { Authorization: "Bearer " + token, "Accept-Language": "zh" } });
      const text = await answer.text();
      if (!answer.ok) {
        let told = "读取失败";
        try { const problem = JSON.parse(text); told = problem.detail || problem.title || told; } catch { /* not a problem document */ }
        say(told, true);
        return;
      }
      const page = new DOMParser().parseFromString(text, "text/html");
      main.replaceChildren(...Array.from(page.querySelector("main").childNodes).map((node) => document.importNode(node, true)));
      document.title = page.title;
      say("已更新", false);
      if (remember) history.pushState(null, "", "/board#" + query.slice(1));
      const heading = main.querySelector("h1");
      heading.tabIndex = -1;
      heading.focus();
    } catch {
      say("无法连接统计服务", true);
    }
  }

  entry.addEventListener("submit", (event) => {
    event.preventDefault();
    token = new FormData(entry).get("token").trim();
    show(asked(), false);
  });
  main.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const url = new URL(link.getAttribute("href"), location.origin + "/api/v1/board");
    if (url.pathname === "/api/v1/board") { event.preventDefault(); show(url.search, true); }
  });
  main.addEventListener("submit", (event) => {
    event.preventDefault();
    show("?" + new URLSearchParams(new FormData(event.target)), true);
  });
  addEventListener("popstate", () => { if (token) show(asked(), false); });
})();
