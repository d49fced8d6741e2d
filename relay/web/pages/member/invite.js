// Tells the form in which time zone the browser is, so that times read right from the first page on.

for (const field of document.querySelectorAll("[data-time-zone]")) {
  if (field instanceof HTMLInputElement) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}
