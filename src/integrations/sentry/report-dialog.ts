/**
 * The script that clients load to ask a user what happened (`showReportDialog`). It finds the texts it shows in the query of its own
 * address and sends the form back there. Everything from outside is put in as text.
 */
export const reportDialogScript = `(function () {
  var here = document.currentScript && document.currentScript.src;
  if (!here) return;
  var query = new URL(here).searchParams;
  var text = function (name, otherwise) { return query.get(name) || otherwise; };
  var make = function (tag, style, words) {
    var node = document.createElement(tag);
    if (style) node.style.cssText = style;
    if (words) node.textContent = words;
    return node;
  };
  var cover = make('div', 'position:fixed;inset:0;z-index:2147483647;background:rgba(0,0,0,.5);display:grid;place-items:center;font:16px sans-serif');
  var form = make('form', 'background:#fff;color:#111;padding:24px;border-radius:8px;width:min(440px,90vw);box-sizing:border-box');
  form.setAttribute('role', 'dialog');
  form.setAttribute('aria-modal', 'true');
  form.appendChild(make('h2', 'margin:0 0 8px;font-size:20px', text('title', 'Something went wrong')));
  form.appendChild(make('p', 'margin:0 0 16px', text('subtitle', 'It has been reported. You can help by telling what happened.')));
  var field = function (name, label, type, value) {
    var row = make('label', 'display:block;margin:0 0 12px', label);
    var input = make(type === 'textarea' ? 'textarea' : 'input', 'display:block;width:100%;box-sizing:border-box;padding:8px;margin-top:4px;font:inherit');
    input.name = name;
    input.required = name === 'comments';
    if (type === 'textarea') input.rows = 5;
    else input.type = type;
    input.value = value || '';
    row.appendChild(input);
    form.appendChild(row);
    return input;
  };
  var first = field('name', text('labelName', 'Name'), 'text', query.get('name'));
  field('email', text('labelEmail', 'E-mail'), 'email', query.get('email'));
  field('comments', text('labelComments', 'What happened?'), 'textarea', '');
  var note = make('p', 'margin:0 0 12px');
  note.setAttribute('role', 'status');
  form.appendChild(note);
  var send = make('button', 'padding:8px 16px;font:inherit', text('labelSubmit', 'Send'));
  var close = make('button', 'padding:8px 16px;margin-left:8px;font:inherit', text('labelClose', 'Close'));
  close.type = 'button';
  form.appendChild(send);
  form.appendChild(close);
  var before = document.activeElement;
  var end = function () {
    cover.remove();
    if (before && before.focus) before.focus();
    if (window.sentryConfig && window.sentryConfig.onClose) window.sentryConfig.onClose();
  };
  close.onclick = end;
  cover.onkeydown = function (event) { if (event.key === 'Escape') end(); };
  form.onsubmit = function (event) {
    event.preventDefault();
    send.disabled = true;
    fetch(here, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
      .then(function (answer) {
        if (!answer.ok) throw new Error(String(answer.status));
        note.textContent = text('successMessage', 'Thank you. Your words were sent.');
        setTimeout(end, 2000);
      })
      .catch(function () {
        send.disabled = false;
        note.textContent = text('errorGeneric', 'It could not be sent. Please try again.');
      });
  };
  cover.appendChild(form);
  document.body.appendChild(cover);
  first.focus();
})();
`;
