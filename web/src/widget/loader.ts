declare const __CHAT__: string;
console.log(__CHAT__);
