extension AccountPages {
    static let script = """
        "use strict";
        const form = document.querySelector("form");
        const outcome = document.getElementById("outcome");
        const token = new URLSearchParams(location.hash.slice(1)).get("token");
        // The token goes neither into the history nor onto a screen that others see.
        history.replaceState(null, "", location.pathname);

        function tell(text, isGood) {
          outcome.textContent = text;
          outcome.className = isGood ? "good" : "bad";
        }

        async function send() {
          const body = { token };
          for (const [name, value] of new FormData(form)) body[name] = value;
          const answer = await fetch(form.dataset.endpoint, {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body),
          });
          if (answer.ok) return true;
          const problem = await answer.json().catch(() => ({}));
          if (problem.code === "auth.token_invalid") {
            throw new Error("This link was used already, or is too old. Ask for another one.");
          }
          const field = (problem.errors || [])[0];
          throw new Error(field ? `The password ${field.detail}.` : problem.detail || "It failed.");
        }

        if (!token) {
          form.hidden = true;
          tell("This link is not whole. Please open it once more from your mail.", false);
        }

        form.addEventListener("submit", async (event) => {
          event.preventDefault();
          const button = form.querySelector("button");
          button.disabled = true;
          tell("One moment …", true);
          try {
            await send();
            form.hidden = true;
            tell(form.dataset.done, true);
          } catch (error) {
            tell(error instanceof TypeError ? "The shop can't be reached." : error.message, false);
            button.disabled = false;
          }
        });

        """

    static let style = """
        :root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif; }
        body { margin: 0; background: Canvas; color: CanvasText; }
        main { max-width: 26rem; margin: 12vh auto; padding: 0 1.25rem; }
        .house { margin: 0; letter-spacing: .12em; text-transform: uppercase; font-size: .8rem;
          opacity: .75; }
        h1 { margin: .25rem 0 1rem; font-size: 1.6rem; line-height: 1.2; }
        label { display: block; font-weight: 600; }
        input { box-sizing: border-box; width: 100%; padding: .6rem .7rem; font: inherit;
          border: 1px solid GrayText; border-radius: .4rem; background: Field; color: FieldText; }
        #hint { margin: .35rem 0 1rem; font-size: .9rem; opacity: .8; }
        button { padding: .65rem 1.1rem; font: inherit; font-weight: 600; border: 0;
          border-radius: .4rem; background: #0b5cad; color: #fff; cursor: pointer; }
        button:disabled { opacity: .6; cursor: default; }
        input:focus-visible, button:focus-visible { outline: 3px solid #f2a900;
          outline-offset: 2px; }
        .good, .bad { padding: .7rem .9rem; border-left: .3rem solid #1c7c3c; }
        .bad { border-left-color: #b3261e; }
        #outcome:empty { display: none; }

        """
}
