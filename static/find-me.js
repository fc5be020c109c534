// A picture to find oneself by: made smaller on the phone, so that it takes a second to send.

const LONGER_SIDE_PX = 1600;
const QUALITY = 0.9;

// The picture, smaller; as it is where the browser can't read it, such as HEIC.
async function smaller(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file;
  }
  const scale = Math.min(1, LONGER_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return blob && blob.size < file.size ? new File([blob], "me.jpg", { type: blob.type }) : file;
}

async function send(form, input) {
  const status = form.querySelector("[role=status]");
  status.hidden = false;
  const files = new DataTransfer();
  files.items.add(await smaller(input.files[0]));
  input.files = files.files;
  for (const other of form.querySelectorAll("input[type=file]")) other.disabled = other !== input;
  form.submit();
}

for (const form of document.querySelectorAll("form[data-find-me]")) {
  form.addEventListener("change", (event) => {
    if (event.target.files?.length) send(form, event.target);
  });
}

// Back from the answer: the page is as it was before.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-find-me]")) {
    form.reset();
    form.querySelector("[role=status]").hidden = true;
    for (const input of form.querySelectorAll("input[type=file]")) input.disabled = false;
  }
});
