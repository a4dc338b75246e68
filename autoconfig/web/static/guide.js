// What a guide does by itself where it may; without this script all of it is there in another way.

// Every value that is entered as it stands gets a button to copy it.
(() => {
  const status = document.getElementById("copied");

  async function copy(code) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      // Older browsers, and pages that are not served over https.
      getSelection().selectAllChildren(code);
      return document.execCommand("copy");
    }
  }

  for (const code of status ? document.querySelectorAll("code[data-copy]") : []) {
    const button = document.createElement("button");
    const shown = document.createElement("span");
    const label = document.createElement("span");
    let timer;
    button.type = "button";
    button.className = "copy";
    shown.textContent = status.dataset.copy;
    label.className = "unseen";
    label.textContent = ` ${code.dataset.copy}`;
    button.append(shown, label);
    button.addEventListener("click", async () => {
      const done = await copy(code);
      clearTimeout(timer);
      button.classList.toggle("done", done);
      shown.textContent = done ? status.dataset.copied : status.dataset.copy;
      status.textContent = done ? `${status.dataset.copied}: ${code.textContent}` : status.dataset.failed;
      timer = setTimeout(() => {
        button.classList.remove("done");
        shown.textContent = status.dataset.copy;
        status.textContent = "";
      }, 2500);
    });
    code.after(button);
  }
})();

// "Test my settings" stays on this page: the page of the test is asked for what it shows, and that is shown here.
(() => {
  const section = document.getElementById("test");
  if (!section) return;
  const form = section.querySelector("form");
  const button = form.querySelector("button");
  const said = document.getElementById("test-said");
  const shown = document.getElementById("test-shown");
  let running = false;

  // Shows what an answer holds, and tells whether there is more to come.
  async function show(response) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.getElementById("test-shown");
    if (!found) throw new Error(page.querySelector(".lead")?.textContent);
    if (found.innerHTML !== shown.innerHTML) shown.replaceChildren(...found.childNodes);
    if (said.textContent !== found.dataset.said) said.textContent = found.dataset.said;
    return found.dataset.state === "running";
  }

  // As a browser asks for a page: a refusal is to come as one, too.
  const ask = (method) => fetch(section.dataset.url, { method, headers: { Accept: "text/html" } });

  async function run(method) {
    running = true;
    button.setAttribute("aria-disabled", "true");
    try {
      let more = await show(await ask(method));
      for (let failures = 0; more; ) {
        await new Promise((wake) => setTimeout(wake, 700));
        try {
          more = await show(await ask("GET"));
          failures = 0;
        } catch (error) {
          if (++failures === 3) throw error;
        }
      }
    } catch (error) {
      const text = document.createElement("p");
      text.className = "error";
      text.textContent = said.textContent = (error instanceof TypeError ? "" : error.message) || section.dataset.lost;
      shown.replaceChildren(text);
    }
    running = false;
    button.removeAttribute("aria-disabled");
    button.textContent = button.dataset.again;
    form.hidden = false;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) run("POST");
  });
  if (shown.dataset.state === "running") run("GET");
})();
