// Gives every value that is entered as it stands a button to copy it. Without this script the values are there all the same.
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
