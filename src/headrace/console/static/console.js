// What pages do beyond what HTML does by itself. Everything works without it.
import { follow } from "./live.js";
import { keepTimes } from "./times.js";
import { swapInPlace } from "./swap.js";
import { chooseMany } from "./choose.js";
import { growEvents } from "./tail.js";

// On a phone the menu is one line: where we are in it shall be seen.
const here = document.querySelector("nav [aria-current]");
if (here) here.closest("nav").scrollLeft = here.offsetLeft - innerWidth / 3;
keepTimes();
swapInPlace();
chooseMany();
growEvents();
follow();
