// Begins all that a page does by itself.
import { follow } from "./live.js";
import { keepTimes } from "./times.js";
import { swapInPlace } from "./swap.js";
import { chooseMany } from "./choose.js";
import { growEvents } from "./tail.js";

keepTimes();
swapInPlace();
chooseMany();
growEvents();
follow();
