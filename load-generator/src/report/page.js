const renewal = document.getElementById("renewal");
const renew = async () => {
  try {
    const answer = await fetch("/load/body");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    document.querySelector("main").innerHTML = await answer.text();
    renewal.textContent = "This page is renewed each second.";
  } catch (error) {
    renewal.textContent = `The program does not answer: ${error.message}. The figures may be old.`;
  }
  setTimeout(renew, 1000);
};
setTimeout(renew, 1000);
