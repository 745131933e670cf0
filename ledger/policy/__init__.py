"""The rules of the schemes as pure functions of dates, money and a scheme version; they return a result or refuse."""
