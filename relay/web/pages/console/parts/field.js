// Fields: a label, the control, a hint, and what is wrong with it, all tied together for who does not see them.

import { html, typed, useId } from "../view.js";

/**
 * @typedef {{ label: string, hint?: string | undefined, fault?: string | undefined }} About
 * @typedef {About & { value: string, onValue: (value: string) => void, [more: string]: unknown }} Text
 */

/** @param {About & { control: (attributes: object) => unknown, tail?: unknown }} props */
function Field({ label, hint, fault, control, tail }) {
  const id = useId();
  const said = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const attributes = { id, "aria-describedby": said || undefined, "aria-invalid": fault ? "true" : undefined };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${control(attributes)}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${fault && html`<p class="fault" id=${`${id}-fault`}>${fault}</p>`}
    ${tail}
  </div>`;
}

/** @param {Text & { tail?: unknown }} props */
export function TextField({ label, hint, fault, value, onValue, tail, ...more }) {
  const control = (/** @type {object} */ attributes) => html`
    <input type="text" dir="auto" ...${more} ...${attributes} value=${value}
      onInput=${typed(onValue)} />`;
  return html`<${Field} label=${label} hint=${hint} fault=${fault} control=${control} tail=${tail} />`;
}

/** @param {Text} props */
export function AreaField({ label, hint, fault, value, onValue, ...more }) {
  const control = (/** @type {object} */ attributes) => html`
    <textarea rows="4" dir="auto" ...${more} ...${attributes} value=${value}
      onInput=${typed(onValue)}></textarea>`;
  return html`<${Field} label=${label} hint=${hint} fault=${fault} control=${control} />`;
}

/** @param {Text & { options: (readonly [string, string])[] }} props value and word of each */
export function SelectField({ label, hint, fault, value, onValue, options, ...more }) {
  const control = (/** @type {object} */ attributes) => html`
    <select ...${more} ...${attributes} value=${value} onInput=${typed(onValue)}>
      ${options.map(([name, said]) => html`<option key=${name} value=${name} selected=${name === value}>${said}</option>`)}
    </select>`;
  return html`<${Field} label=${label} hint=${hint} fault=${fault} control=${control} />`;
}

/**
 * @param {{ label: string, hint?: string, checked: boolean, onChange: (checked: boolean) => void, disabled?: boolean }} props
 */
export function CheckField({ label, hint, checked, onChange, disabled }) {
  const id = useId();
  const changed = (/** @type {Event} */ event) => onChange(/** @type {HTMLInputElement} */ (event.currentTarget).checked);
  return html`<div class="check">
    <input type="checkbox" id=${id} checked=${checked} disabled=${disabled} onChange=${changed}
      aria-describedby=${hint ? `${id}-hint` : undefined} />
    <label for=${id}>${label}</label>
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

/**
 * One of a few, all of them in sight.
 * @param {{ label: string, value: string, onValue: (value: string) => void, options: (readonly [string, string])[] }} props
 */
export function Choice({ label, value, onValue, options }) {
  const name = useId();
  return html`<fieldset class="choice">
    <legend>${label}</legend>
    <div class="choice-options">
      ${options.map(
        ([option, said]) => html`<label key=${option}>
          <input type="radio" name=${name} checked=${option === value} onChange=${() => onValue(option)} /><span>${said}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}
